// What standalone may use of the gateway app.
export { GatewayModule } from './gateway.module.js'
