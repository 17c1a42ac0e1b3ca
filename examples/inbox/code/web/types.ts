export interface Reading {
  gauge: number;
  time: number;
  /** Stage in metres above the zero mark. */
  level: number;
}

export type Trend = "rising" | "falling" | "steady";

export function trend(levels: number[]): Trend {
  const change = levels[levels.length - 1] - levels[0];
  if (Math.abs(change) < 0.02) return "steady";
  return change > 0 ? "rising" : "falling";
}
