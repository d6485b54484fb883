/**
 * What the pages' scripts may take for granted of the DOM beyond what its own types say.
 *
 * A selector tells which element it finds by the tag that it ends with (`#runs input[name=run]`); without one it is an element of
 * HTML, and within a form a field. What happens in the document happens at an element of HTML. The events of scripts carry
 * details.
 */

/** The last part of a selector; nothing of a list of selectors. */
type LastOf<S extends string> = S extends `${string},${string}` ? "" : S extends `${string} ${infer Rest}` ? LastOf<Rest> : S;

type TagOf<S extends string> = S extends `${infer Tag}[${string}` ? TagOf<Tag>
  : S extends `${infer Tag}.${string}` ? TagOf<Tag>
  : S extends `${infer Tag}:${string}` ? TagOf<Tag>
  : S;

/** What the templates have behind selectors without a tag. */
interface FoundBy {
  "#builder": HTMLDetailsElement;
  "#bulk": HTMLFormElement;
  "#columns": HTMLDetailsElement;
  "#compare": HTMLFormElement;
  "#filter": HTMLFormElement & { elements: { q: HTMLInputElement } };
  "#groups": HTMLDetailsElement;
  "#keys": HTMLDialogElement;
  "#query": HTMLInputElement;
  "#runs [name=label]": HTMLInputElement;
  "#views": HTMLDetailsElement;
  ".beside-steps": HTMLFormElement & { elements: { step: HTMLInputElement } };
  ".plot-axis": SVGPathElement;
  ".popup": HTMLElement & { anchor?: HTMLElement };
  "[data-asked]": HTMLFormElement;
  "[data-finds]": HTMLInputElement;
  "[data-log-wrap]": HTMLAnchorElement;
  "[data-media-slider]": HTMLInputElement;
  "[data-shortcut='/'], input[type=search]": HTMLInputElement;
  "[data-step-slider]": HTMLInputElement & { form: { elements: { step: HTMLInputElement } } };
  "[data-step-slider], .beside-step": HTMLInputElement;
  "[data-tick-all]": HTMLInputElement;
  "[role=option]": HTMLAnchorElement;
  "details[data-namespace], details[data-section]": HTMLDetailsElement;
}

type Found<S extends string, Else extends Element = HTMLElement> = S extends keyof FoundBy ? FoundBy[S] : TagOf<LastOf<S>> extends infer Tag
  ? Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag]
  : Tag extends keyof SVGElementTagNameMap ? SVGElementTagNameMap[Tag]
  : Else : never;

interface ParentNode {
  querySelector<S extends string>(selectors: S): Found<S> | null;
  querySelectorAll<S extends string>(selectors: S): NodeListOf<Found<S>>;
}

interface Element {
  closest<S extends string>(selectors: S): Found<S> | null;
}

interface HTMLFormElement {
  querySelector<S extends string>(selectors: S): Found<S, HTMLInputElement> | null;
  querySelectorAll<S extends string>(selectors: S): NodeListOf<Found<S, HTMLInputElement>>;
}

interface ScriptEventMap {
  "htmx:afterSettle": CustomEvent;
  "htmx:afterSwap": CustomEvent;
  "htmx:beforeRequest": CustomEvent;
  "htmx:beforeSwap": CustomEvent;
  "htmx:configRequest": CustomEvent;
  "htmx:responseError": CustomEvent;
  "htmx:sendError": CustomEvent;
  "htmx:timeout": CustomEvent;
  "tidelog:chosen": CustomEvent<string[]>;
  "tidelog:eyes": CustomEvent<string[]>;
  "tidelog:pin": CustomEvent<null>;
  "tidelog:rows": CustomEvent<null>;
  "tidelog:silence": CustomEvent<null>;
  "tidelog:table": CustomEvent<null>;
}

interface DocumentEventMap extends ScriptEventMap {}
interface HTMLElementEventMap extends ScriptEventMap {}

/** An event, and at which element it happened. */
type At<E, T extends Element = HTMLElement> = E & { target: T };

interface Document {
  addEventListener<K extends keyof DocumentEventMap>(
    type: K, listener: (this: Document, event: At<DocumentEventMap[K]>) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
}

interface HTMLElement {
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K, listener: (this: HTMLElement, event: At<HTMLElementEventMap[K]>) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
}
