// Where the subscription service gets its batches.
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { Batches, BatchContext } from '#libs/platform'
import { inbox, messages } from './shell/subscription.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class SubscriptionController {
  @Batches(inbox)
  onInbox(@Payload() batch: Batch, @Ctx() context: BatchContext): BatchContext {
    return context.take(batch)
  }

  @Batches(messages)
  onMessages(@Payload() batch: Batch, @Ctx() context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
