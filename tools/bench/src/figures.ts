import type { Spread } from "./statistics.ts"

/** `8.1`, `812`, `12,345`: three digits or all before the point. */
export function formatNumber(figure: number): string {
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString("en-US")
  return Number(figure.toPrecision(3)).toString()
}

/** Operations a second, or the time of one. */
export function formatFigure(by: "speed" | "cost", figure: number): string {
  if (by === "speed") return `${formatNumber(figure)}/s`
  const [scale, unit] = figure >= 1 ? [1, "s"] : figure >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"]
  return `${formatNumber(figure * scale)} ${unit}`
}

export function formatFigures(by: "speed" | "cost", { median, min, max }: Spread): string {
  return `${formatFigure(by, median)} (${formatFigure(by, min)} to ${formatFigure(by, max)})`
}

export function formatRatio({ median, min, max }: Spread): string {
  return `${formatNumber(median)} x (${formatNumber(min)} to ${formatNumber(max)})`
}
