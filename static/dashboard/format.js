const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** With a narrow no-break space between thousands. @param {number} number */
export function formatThousands(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** One decimal below 10, none above. Null stays null. @param {number | null} number */
export function formatRate(number) {
  if (number === null) return null;
  return number < 10 ? String(Math.round(number * 10) / 10) : formatThousands(Math.round(number));
}

/**
 * Splits a duration by its largest unit: the translation key of that unit, and the values for the text.
 * @param {number} seconds
 */
export function splitDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  /** @type {Record<string, number>} */
  const values = {
    days: Math.floor(whole / DAY),
    hours: Math.floor(whole / HOUR) % 24,
    minutes: Math.floor(whole / MINUTE) % 60,
    seconds: whole % 60,
  };
  const unit = ["days", "hours", "minutes"].find((name) => values[name] > 0) ?? "seconds";
  return { unit, values };
}

/**
 * The counts above zero, in the order of `names`.
 * @param {Record<string, number>} counts
 * @param {string[]} names
 */
export function nonZeroCounts(counts, names) {
  return names.filter((name) => counts[name] > 0).map((name) => ({ name, count: formatThousands(counts[name]) }));
}

/** @param {Record<string, number>} counts */
export function sumCounts(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
