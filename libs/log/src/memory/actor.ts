// What the memory log's scheduler chooses among: things that are under way and can go on by one step.

export interface Actor {
  /** True when `act` would do something now. */
  readonly ready: boolean
  act(): void
}
