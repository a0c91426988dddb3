/**
 * Marks text as a value of `Branded`. Only for the file that declares the brand, after it has made or checked the
 * text: nothing is checked here.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- taken from where the result goes
export function branded<Branded extends string>(text: string): Branded {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a brand is given
  return text as Branded
}
