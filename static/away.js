// Opens the page that was asked for as soon as the site answers. Not by <meta http-equiv="refresh">,
// which loads the page again and again while a screen reader reads it (WCAG 2.2.1).
const INTERVAL_MS = 2000;

async function isBack() {
  try {
    const response = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    return response.status !== 503;
  } catch {
    return false;
  }
}

const timer = setInterval(async () => {
  if (await isBack()) {
    clearInterval(timer);
    location.replace(location.href);
  }
}, INTERVAL_MS);
