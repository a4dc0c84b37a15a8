const PATIENCE_MS = 3_000;

// Takes over what an author has changed since the page was loaded: a reader who listens under an
// event's old name would hear nothing. When the server does not answer, the old list will do.
export async function refreshTexts(select) {
  try {
    const answer = await fetch(select.dataset.texts, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { texts } = await answer.json();
    for (const text of texts) show(select, text);
  } catch {
    return;
  }
}

function show(select, { slug, title, event_name: name, interval_ms: interval }) {
  const known = Array.from(select.options).find(({ value }) => value === slug);
  const option = known ?? select.appendChild(new Option("", slug));
  option.textContent = title;
  option.dataset.event = name;
  option.dataset.interval = interval;
}
