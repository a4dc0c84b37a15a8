import { byId } from "./dom.js";

/** @type {Map<string, string> | null} */
let translations = null;

function load() {
  const spans = byId("translations").content.querySelectorAll("[data-key]");
  return new Map(Array.from(spans, (span) => [span.dataset.key, span.textContent]));
}

/**
 * Replaces {name} by a value. A name without a value stays as it is.
 * @param {string} text
 * @param {Record<string, unknown>} values
 */
export function interpolate(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** @param {string} key */
export function hasTranslation(key) {
  translations ??= load();
  return translations.has(key);
}

/**
 * The page's text for a key. A key that the page does not have is returned itself.
 * @param {string} key
 * @param {Record<string, unknown>} values
 * @returns {string}
 */
export function t(key, values = {}) {
  return hasTranslation(key) ? interpolate(translations?.get(key) ?? "", values) : key;
}

/**
 * The text for `name-variant` where the page has one, or for `name`.
 * @param {string} name
 * @param {string | number | undefined} variant
 */
export function translateVariant(name, variant) {
  return t(hasTranslation(`${name}-${variant}`) ? `${name}-${variant}` : name);
}
