// The default program: every service in one process, on the embedded log. A list of modules, no logic.
import 'reflect-metadata'
import { AuthModule } from '#apps/auth'
import { DeliveryModule } from '#apps/delivery'
import { GatewayModule } from '#apps/gateway'
import { SessionModule } from '#apps/session'
import { SubscriptionModule } from '#apps/subscription'
import { runBroker } from '#libs/platform'

await runBroker([SessionModule, SubscriptionModule, DeliveryModule, AuthModule, GatewayModule])
