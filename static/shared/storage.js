// localStorage, which may be forbidden, full or absent: then nothing is kept, and nothing breaks.
function quietly(act, otherwise) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

export const kept = (key) => quietly(() => localStorage.getItem(key), null);
export const keep = (key, text) => quietly(() => localStorage.setItem(key, text));
export const forget = (key) => quietly(() => localStorage.removeItem(key));
export const keysFrom = (prefix) => quietly(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix)), []);

// What other tabs of this site do: a key, and its text or null. This tab's own changes are not told.
export function onChange(told) {
  addEventListener("storage", ({ key, newValue }) => key !== null && told(key, newValue));
}
