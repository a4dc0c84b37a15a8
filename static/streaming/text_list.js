const TIMEOUT_MS = 3_000;

/**
 * Updates the list of texts with what an author has changed since the page was loaded: under an event's old name
 * nothing would arrive. If the server does not answer, the list stays as it is.
 */
export async function refreshTexts(select) {
  try {
    const response = await fetch(select.dataset.texts, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { texts } = await response.json();
    for (const text of texts) updateOption(select, text);
  } catch {
    return;
  }
}

function updateOption(select, { slug, title, event_name: name, interval_ms: interval }) {
  const known = Array.from(select.options).find(({ value }) => value === slug);
  const option = known ?? select.appendChild(new Option("", slug));
  option.textContent = title;
  option.dataset.event = name;
  option.dataset.interval = interval;
}
