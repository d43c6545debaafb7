/** Helpers to build and update elements. Text from a task is never parsed as HTML. */

interface Attributes {
  class?: string;
  [name: string]: string | number | boolean | undefined;
}

/** Create an element; attributes that are false or undefined are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children);
  return node;
}

/** Set or remove an attribute; the page is touched only where its value is new. */
export function setAttribute(node: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === false || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Set the text of an element; the page is touched only where it is new. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Text from a task, isolated from the text direction around it. */
export function bdi(text: string): HTMLElement {
  return el('bdi', {}, text);
}

/** Scrollable block for text from a task. */
export function textBlock(label: string): HTMLPreElement {
  return el('pre', { class: 'ipar-text', tabindex: 0, role: 'group', 'aria-label': label });
}

export function button(
  text: string,
  attributes: Attributes,
  onClick: () => void
): HTMLButtonElement {
  const node = el('button', { type: 'button', ...attributes }, text);
  node.addEventListener('click', () => onClick());
  return node;
}

/** Have one child for each item and update each in place, so that focus and selection stay. */
export function syncChildren<T extends HTMLElement, I>(
  parent: HTMLElement,
  items: readonly I[],
  create: () => T,
  update: (child: T, item: I) => void
): void {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  while (parent.children.length < items.length) parent.append(create());
  [...parent.children].forEach((child, i) => update(child as T, items[i]!));
}

/** Have exactly these children in this order; one in its place is not touched, so that focus and selection stay. */
export function arrangeChildren(parent: Element, children: readonly Element[]): void {
  const kept = new Set(children);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  children.forEach((child, at) => {
    const there = parent.children[at] ?? null;
    if (child !== there) parent.insertBefore(child, there);
  });
}
