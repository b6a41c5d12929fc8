// Where the delivery service gets its batches.
import { Controller } from '@nestjs/common'
import { Batches, BatchContext } from '#libs/platform'
import { inbox } from './shell/delivery.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class DeliveryController {
  @Batches(inbox)
  onInbox(batch: Batch, context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
