// What standalone may use of the subscription app.
export { SubscriptionModule } from './subscription.module.js'
