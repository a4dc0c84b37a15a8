// localStorage may be forbidden, full or absent. Then nothing is stored, and the page works on from memory.

/**
 * @template T
 * @param {() => T} act
 * @param {T} fallback
 */
function withoutErrors(act, fallback) {
  try {
    return act();
  } catch {
    return fallback;
  }
}

/** @param {string} key */
export function getItem(key) {
  return withoutErrors(() => localStorage.getItem(key), null);
}

/** @param {string} key @param {string} text */
export function setItem(key, text) {
  withoutErrors(() => localStorage.setItem(key, text), undefined);
}

/** @param {string} key */
export function removeItem(key) {
  withoutErrors(() => localStorage.removeItem(key), undefined);
}

/** @param {string} prefix @returns {string[]} */
export function keysWithPrefix(prefix) {
  return withoutErrors(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix)), []);
}

/**
 * Reports what other tabs of this site change: a key, and its text or null. Changes by this tab are not reported.
 * @param {(key: string, text: string | null) => void} listener
 */
export function onStorageChange(listener) {
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== null) listener(key, newValue);
  });
}
