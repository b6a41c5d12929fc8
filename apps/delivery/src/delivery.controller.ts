// Where the delivery service gets its batches.
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { Batches, BatchContext } from '#libs/platform'
import { inbox } from './shell/delivery.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class DeliveryController {
  @Batches(inbox)
  onInbox(@Payload() batch: Batch, @Ctx() context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
