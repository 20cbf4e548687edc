// Elements and tables that are brought up to date in place, so that focus, selection and scrolling stay where they are.
// All text goes through textContent.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function setText(node, text, className) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
  if (className !== undefined && node.className !== className) node.className = className;
}

// A state in words, with a sign and a colour for how good it is.
export const showState = (node, text, severity) => setText(node, text, "state " + severity);

// The only child of a cell, made on first use.
export function only(cell, make) {
  if (!cell.firstElementChild) cell.append(make());
  return cell.firstElementChild;
}

// Children of `host` become one for each item, in that order; those whose key is there already are kept.
export function keyed(host, items, make, update = () => {}) {
  const kept = new Map([...host.children].map((child) => [child.key, child]));
  let next = host.firstElementChild;
  for (const item of items) {
    let child = kept.get(item.key);
    kept.delete(item.key);
    if (!child) {
      child = make(item);
      child.key = item.key;
    }
    if (child === next) next = next.nextElementSibling;
    else host.insertBefore(child, next);
    update(child, item);
  }
  for (const child of kept.values()) child.remove();
}

// A table with a fixed head. A column: { label, className, show(cell, item) }; the first one heads its row.
export class Table {
  constructor(caption, columns, className) {
    this.columns = columns;
    this.body = element("tbody");
    const heads = columns.map(({ label, className }) => element("th", { scope: "col", class: className }, label));
    this.table = element("table", { class: className }, element("caption", { class: "unseen" }, caption),
      element("thead", {}, element("tr", {}, ...heads)), this.body);
  }

  update(items) {
    keyed(this.body, items, ({ id }) => element("tr", { id, tabindex: id ? "-1" : undefined },
      ...this.columns.map(({ label, className }, i) => i === 0 ? element("th", { scope: "row", class: className })
        : element("td", { class: className, "data-label": label }))), (row, item) =>
      this.columns.forEach((column, i) => column.show(row.children[i], item)));
    this.table.hidden = items.length === 0;
  }
}
