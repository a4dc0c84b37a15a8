import { byId } from "../../shared/dom.js";
import { hasTranslation, t, translateVariant } from "../../shared/translations.js";

function describe({ about, code, text }) {
  if (about === "change") return translateVariant("not-changed", code);
  return about === "room" && hasTranslation(`room-${code}`) ? t(`room-${code}`) : text;
}

/** A refusal that has no row to be shown in. It stays until the room, or the connection, opens again. */
export function showNotices(store) {
  store.subscribe({
    notice() {
      const { notice } = store.state;
      const element = byId("notice");
      element.hidden = notice === null;
      if (notice) element.textContent = describe(notice);
    },
  });
}
