// Where the subscription service gets its batches.
import { Controller } from '@nestjs/common'
import { Batches, BatchContext } from '#libs/platform'
import { inbox, messages } from './shell/subscription.js'

type Batch = Parameters<BatchContext['take']>[0]

@Controller()
export class SubscriptionController {
  @Batches(inbox)
  onInbox(batch: Batch, context: BatchContext): BatchContext {
    return context.take(batch)
  }

  @Batches(messages)
  onMessages(batch: Batch, context: BatchContext): BatchContext {
    return context.take(batch)
  }
}
