// Numbers and times for people.

const [whole, tenths] = [0, 1].map((digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits }));

export function count(value) {
  return value == null ? "" : whole.format(value);
}

// Of a rate or a time: three digits are enough.
export function rate(value) {
  if (value == null) return "";
  if (value > 0 && value < 0.05) return "<0.1";
  return (value < 10 ? tenths : whole).format(value);
}

export function milliseconds(value) {
  if (value == null) return "–";
  if (value >= 10000) return tenths.format(value / 1000) + " s";
  return (value < 10 ? tenths : whole).format(value) + " ms";
}

export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  return (value === 0 || value >= 10 ? whole : tenths).format(value) + " %";
}

// `rolled_back` as people write it.
export const plain = (text) => text.replaceAll("_", " ");

export function plural(number, one, many = one + "s") {
  return count(number) + " " + (number === 1 ? one : many);
}

// `3 h 12 min`; two units at most.
export function duration(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [size, unit] of units) {
    const number = Math.floor(rest / size);
    rest -= number * size;
    if (number > 0) parts.push(number + " " + unit);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

// Seconds from `then` to `now`, both as texts or dates.
export function secondsBetween(then, now) {
  return (new Date(now) - new Date(then)) / 1000;
}

// The time of a day, with its date when it is another day than `now`.
export function clock(time, now) {
  const then = new Date(time), today = new Date(now);
  const text = then.toLocaleTimeString("en-GB");
  return then.toDateString() === today.toDateString() ? text : then.toLocaleDateString("en-CA") + " " + text;
}
