// Waiting for a condition with a deadline, never for a fixed time.

const pollMillis = 4

/** True when the condition has come about within the deadline. */
export async function until(condition: () => boolean, deadlineMillis: number): Promise<boolean> {
  const end = performance.now() + deadlineMillis
  while (!condition()) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, pollMillis))
  }
  return true
}
