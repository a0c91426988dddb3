/** Does the deed for each number from `first` on, `count` of them, by so many callers that each wait for their own. */
export async function runCallers(
  callers: number,
  [first, count]: readonly [first: number, count: number],
  deed: (number: number) => Promise<void>,
): Promise<void> {
  let next = first
  const caller = async () => {
    while (next < first + count) await deed(next++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
