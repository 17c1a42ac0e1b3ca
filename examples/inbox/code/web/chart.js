// Draws the last two days of one gauge as a line.
export function points(readings, width, height, maximum = 2.5) {
  const first = readings[0].time;
  const span = readings[readings.length - 1].time - first || 1;
  return readings.map(({ time, level }) => [
    ((time - first) / span) * width,
    height - (level / maximum) * height,
  ]);
}

export function path(readings, width, height) {
  return points(readings, width, height)
    .map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join("");
}
