import { byId } from "../../shared/dom.js";
import { t } from "../../shared/translations.js";

function setEditing(isEditing) {
  byId("rename").hidden = !isEditing;
  byId("current-name").hidden = isEditing;
  byId("name-error").textContent = "";
}

function open() {
  setEditing(true);
  byId("nickname").value = byId("nick").textContent;
  byId("nickname").select();
}

function close() {
  setEditing(false);
  byId("change").focus();
}

async function post(form) {
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
    const answer = await response.json();
    return response.ok ? { member: answer } : { error: answer.message };
  } catch {
    return { error: t("unreachable") };
  }
}

async function save(event, onRename) {
  event.preventDefault();
  const { member, error } = await post(event.target);
  if (error !== undefined) {
    byId("name-error").textContent = error;
    byId("nickname").focus();
    return;
  }
  byId("nick").textContent = member.name;
  close();
  onRename(member);
}

/** Lets a guest change the name in place; a logged-in member has no such form. */
export function listenForRename(onRename) {
  if (!byId("rename")) return;
  byId("change").addEventListener("click", open);
  byId("cancel").addEventListener("click", close);
  byId("rename").addEventListener("submit", (event) => save(event, onRename));
  byId("rename").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) close();
  });
}
