import { plainText } from "@slash64/core"

/** Columns in line, the headings in capitals. Nothing for no rows but what `empty` says. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  empty: string,
): string {
  if (rows.length === 0) return empty
  const cells = [headings.map((heading) => heading.toUpperCase()), ...rows.map((row) => row.map(cell))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** One thing, a line a field; what is undefined is left out. */
export function card(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  const width = Math.max(...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${name.padEnd(width)}  ${cell(String(value))}`).join("\n")
}

function cell(text: string | undefined): string {
  return text === undefined || text === "" ? "-" : plainText(text).replaceAll("\n", " ")
}
