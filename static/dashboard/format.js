const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function thousands(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

// Rates are rounded where their decimals say nothing.
export function rate(number) {
  if (number === null) return null;
  return number < 10 ? String(Math.round(number * 10) / 10) : thousands(Math.round(number));
}

// How long, in the two largest units that it has: which words say it, and with what.
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const values = {
    days: Math.floor(whole / DAY),
    hours: Math.floor(whole / HOUR) % 24,
    minutes: Math.floor(whole / MINUTE) % 60,
    seconds: whole % 60,
  };
  const unit = ["days", "hours", "minutes"].find((name) => values[name] > 0) ?? "seconds";
  return { unit, values };
}

// What there is more than none of, in a given order.
export function present(counts, names) {
  return names.filter((name) => counts[name] > 0).map((name) => ({ name, count: thousands(counts[name]) }));
}

export function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
