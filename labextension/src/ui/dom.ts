/** Small helpers to build elements; text goes in as text only. */

type Child = Node | string | null | false;

interface Attributes {
  class?: string;
  [name: string]: string | number | boolean | undefined;
}

/** An element with its attributes and children; an attribute that is false or undefined is left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.filter(child => child !== null && child !== false));
  return node;
}

/** Give an attribute a value, and touch the page only where that is new. */
export function set(node: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === false || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Give an element its text, and touch the page only where that is new. */
export function say(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Text from a task, which can't turn the line around it. */
export function bdi(text: string): HTMLElement {
  return el('bdi', {}, text);
}

/** A button that says what it does. */
export function button(
  text: string,
  attributes: Attributes,
  act: (node: HTMLButtonElement) => void
): HTMLButtonElement {
  const node = el('button', { type: 'button', ...attributes }, text);
  node.addEventListener('click', () => {
    act(node);
  });
  return node;
}

/** Keep as many children as needed, and write each anew: nothing is taken away and put back. */
export function fill<T extends HTMLElement>(
  parent: HTMLElement,
  count: number,
  make: () => T,
  write: (child: T, i: number) => void
): void {
  while (parent.children.length > count) parent.lastElementChild?.remove();
  while (parent.children.length < count) parent.append(make());
  [...parent.children].forEach((child, i) => {
    write(child as T, i);
  });
}

/** A glyph that says its word to who can't see it. */
export function glyph(state: string, [shape, word]: readonly [string, string]): HTMLElement {
  return el(
    'span',
    { class: `ipar-glyph ipar-${state}`, role: 'img', 'aria-label': word, title: word },
    shape
  );
}

let last = 0;

/** An id that no other element of the page has. */
export function uniqueId(): string {
  return `ipar-${++last}`;
}
