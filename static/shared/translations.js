let words = null;

function load() {
  const spans = document.getElementById("words").content.querySelectorAll("[data-word]");
  return new Map(Array.from(spans, (span) => [span.dataset.word, span.textContent]));
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

export function hasWord(name) {
  words ??= load();
  return words.has(name);
}

export function word(name, values = {}) {
  return hasWord(name) ? fill(words.get(name), values) : name;
}
