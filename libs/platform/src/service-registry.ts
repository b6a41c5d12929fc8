// The services of this process: each app's module registers its own, the transport strategy runs them.
import { Injectable } from '@nestjs/common'
import type { Partition } from '#libs/runtime'
import type { Service } from '#libs/service'

/** A service of any state and fact, as the strategy sees it. */
export interface Registration {
  readonly service: Service<unknown, unknown>
  /** Tells the app's shell which state a partition has now; undefined while it is being restored. */
  restored?(partition: number, state: unknown): void
}

@Injectable()
export class ServiceRegistry {
  readonly registrations: Registration[] = []
  /** Filled by the strategy as it starts them, by service name. */
  readonly partitions = new Map<string, Partition<unknown, unknown>[]>()

  register<State, Fact>(
    service: Service<State, Fact>,
    restored?: (partition: number, state: State | undefined) => void,
  ): void {
    this.registrations.push(restored === undefined ? { service } : { service, restored })
  }
}
