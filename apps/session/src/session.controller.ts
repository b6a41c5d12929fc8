// Where the session service gets its batches.
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { Batches, BatchContext } from '#libs/platform'
import { gatewayLease, inbox } from './shell/session.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class SessionController {
  @Batches(inbox)
  onInbox(@Payload() batch: Batch, @Ctx() context: BatchContext): BatchContext {
    return context.take(batch)
  }

  @Batches(gatewayLease)
  onGatewayLease(@Payload() batch: Batch, @Ctx() context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
