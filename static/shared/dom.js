/** An element that the page's template guarantees. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} className
 * @returns {any}
 */
export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** A copy of the one element in a template. @param {HTMLTemplateElement} template @returns {any} */
export function cloneTemplate(template) {
  return template.content.firstElementChild?.cloneNode(true);
}

/** Leaves an equal text alone: a rewrite would drop a selection and make a screen reader repeat it. */
export function setText(/** @type {Node} */ node, /** @type {string} */ text) {
  if (node.textContent !== text) node.textContent = text;
}
