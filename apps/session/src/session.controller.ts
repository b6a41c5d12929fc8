// Where the session service gets its batches.
import { Controller } from '@nestjs/common'
import { Batches, BatchContext } from '#libs/platform'
import { gatewayLease, inbox } from './shell/session.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class SessionController {
  @Batches(inbox)
  onInbox(batch: Batch, context: BatchContext): BatchContext {
    return context.take(batch)
  }

  @Batches(gatewayLease)
  onGatewayLease(batch: Batch, context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
