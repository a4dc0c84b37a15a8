import { word } from "../../shared/translations.js";

const at = (id) => document.getElementById(id);

function turn(editing) {
  at("rename").hidden = !editing;
  at("known").hidden = editing;
  at("refused").textContent = "";
}

function edit() {
  turn(true);
  at("nickname").value = at("nick").textContent;
  at("nickname").select();
}

function close() {
  turn(false);
  at("change").focus();
}

async function post(form) {
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    const answer = await response.json();
    return response.ok ? { member: answer } : { refused: answer.message };
  } catch {
    return { refused: word("unreachable") };
  }
}

async function save(event, renamed) {
  event.preventDefault();
  const { member, refused } = await post(event.target);
  if (refused !== undefined) {
    at("refused").textContent = refused;
    at("nickname").focus();
    return;
  }
  at("nick").textContent = member.name;
  close();
  renamed(member);
}

// A guest changes the name in place; a logged-in member has no such form.
export function listenForName(renamed) {
  if (!at("rename")) return;
  at("change").addEventListener("click", edit);
  at("cancel").addEventListener("click", close);
  at("rename").addEventListener("submit", (event) => save(event, renamed));
  at("rename").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) close();
  });
}
