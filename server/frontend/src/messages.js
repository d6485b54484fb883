/** Short messages at the edge of the window, also read aloud; with a button where something can be undone. */

const SHOWN_MS = 8000;

/** @param {string} text @param {HTMLElement|null} action */
export function say(text, action = null) {
  let place = document.querySelector("#messages");
  if (!place) {
    place = document.createElement("div");
    place.id = "messages";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  const message = document.createElement("p");
  message.className = "message";
  message.append(text);
  if (action) {
    action.addEventListener("click", () => message.remove());
    message.append(action);
  }
  place.replaceChildren(message);
  setTimeout(() => message.remove(), SHOWN_MS);
}
