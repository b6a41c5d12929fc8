// What standalone may use of the delivery app.
export { DeliveryModule } from './delivery.module.js'
