// Safari fires compositionend before the keydown of the Enter that ended it, in the same task.
// A person cannot press a second key within 50 ms.
const SAME_KEY_MS = 50;

/**
 * Chinese, Japanese and Korean are typed with Enter too: such an Enter chooses a word and must not act.
 * Returns a test of whether a key event belongs to an input method.
 * @param {EventTarget} target
 */
export function watchComposition(target) {
  let endedAt = -Infinity;
  target.addEventListener("compositionend", (event) => {
    endedAt = event.timeStamp;
  });
  return (/** @type {KeyboardEvent} */ event) =>
    event.isComposing || event.keyCode === 229 || event.timeStamp - endedAt < SAME_KEY_MS;
}
