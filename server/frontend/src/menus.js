/** Menus (`<details class="menu">`) close when one clicks elsewhere or presses Escape. */

export function closeMenus() {
  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

const openMenus = () => document.querySelectorAll("details.menu[open]");
