/** The links to all kernels that may hold results, and the results by id. No DOM. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, ServiceManager } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { Link } from './kernel-link';
import type { ResultModel } from '../model/result';
import { TARGET } from '../protocol/types';

export type Services = Pick<ServiceManager.IManager, 'kernels' | 'kernelspecs' | 'sessions'>;

/** A result, and the kernel that holds it. */
export interface Entry {
  model: ResultModel;
  kernel: string;
}

/** What opens at once gets its kernel within this time; so long no connection of our own is made. */
const SETTLE = 1_000;
/** A kernel that was silent is asked again when it does something, but not sooner. */
const AGAIN = 60_000;

export class Links implements IDisposable {
  /** Emitted when results came or went. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted when something about any result changed. */
  readonly updated = new Signal<this, void>(this);

  constructor(services: Services, rate = 5) {
    this.#services = services;
    this.#rate = rate;
    services.kernels.runningChanged.connect(this.#onRunning, this);
    services.sessions.runningChanged.connect(this.#onSessions, this);
  }

  /** Where a result lives while its kernel is linked; undefined where no kernel knows it. */
  find(id: string): ResultModel | undefined {
    for (const link of this.#links.values()) {
      const model = link.find(id);
      if (model) return model;
    }
    return undefined;
  }

  /** All results of all kernels, the newest first. */
  all(): Entry[] {
    const entries: Entry[] = [];
    for (const [kernel, link] of this.#links) {
      for (const model of link.results) entries.push({ model, kernel });
    }
    return entries.sort((a, b) => b.model.head.base - a.model.head.base);
  }

  /** The path of the notebook or console that a kernel belongs to; empty where it has none. */
  pathOf(kernel: string): string {
    for (const session of this.#services.sessions.running()) {
      if (session.kernel?.id === kernel) return session.path || session.name;
    }
    return '';
  }

  set rate(rate: number) {
    this.#rate = rate;
    for (const link of this.#links.values()) link.rate = rate;
  }

  /** Also link kernels that nothing here has open. */
  set wide(wide: boolean) {
    if (wide === this.#wide) return;
    this.#wide = wide;
    this.#arrangeSoon();
  }

  /** Link the kernel of a notebook or a console, whichever it is, as long as that is open. */
  follow(context: ISessionContext): void {
    this.#contexts.add(context);
    context.kernelChanged.connect(this.#arrange, this);
    context.disposed.connect(() => {
      this.#contexts.delete(context);
      this.#arrangeSoon();
    });
    this.#arrange();
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearTimeout(this.#timer);
    Signal.clearData(this);
    for (const id of [...this.#links.keys()]) this.#drop(id);
  }

  /** A notebook that was renamed is told by its new name, though nothing of its kernel has changed. */
  #onSessions(): void {
    this.updated.emit();
  }

  #onRunning(): void {
    const running = this.#running();
    for (const [id, silence] of this.#silences) {
      const model = running.get(id);
      if (!model) this.#silences.delete(id);
      // asking is an activity too, so that of the first minute does not count
      else if (Date.now() < silence.until) silence.activity = model.last_activity;
      else if (model.last_activity !== silence.activity) this.#silences.delete(id);
    }
    this.#arrangeSoon();
  }

  #arrangeSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#arrange();
      if (this.#wide) this.#reachOut();
    }, SETTLE);
  }

  /** One link for each kernel in use, over the connection that its notebook or console has. */
  #arrange(): void {
    if (this.#disposed) return;
    const open = new Map<string, Kernel.IKernelConnection>();
    for (const context of this.#contexts) {
      const kernel = context.session?.kernel;
      if (!kernel || kernel.isDisposed || !this.#speaksPython(kernel.name)) continue;
      // Lab closes a comm whose target is not registered, and with it the channel of every other page
      kernel.registerCommTarget(TARGET, accept);
      if (!open.has(kernel.id)) open.set(kernel.id, kernel);
    }
    const running = this.#running();
    for (const [id, kernel] of open) {
      this.#link(id).use(kernel);
      this.#own.get(id)?.dispose();
      this.#own.delete(id);
    }
    for (const id of [...this.#links.keys()]) {
      if (open.has(id)) continue;
      const model = running.get(id);
      if (model && this.#wide) this.#reach(model);
      else this.#drop(id);
    }
  }

  #reachOut(): void {
    for (const [id, model] of this.#running()) {
      if (!this.#links.has(id) && !this.#silences.has(id) && this.#speaksPython(model.name)) this.#reach(model);
    }
  }

  /** Link a kernel over a connection of our own; it leaves comms to the notebook that may be opened later. */
  #reach(model: Kernel.IModel): void {
    if (this.#own.has(model.id)) return;
    const connection = this.#services.kernels.connectTo({ model, handleComms: false });
    this.#own.set(model.id, connection);
    this.#link(model.id).use(connection);
  }

  /** A second connection to a kernel that runs. */
  #beside(id: string): Kernel.IKernelConnection | null {
    const model = this.#running().get(id);
    return model ? this.#services.kernels.connectTo({ model, handleComms: false }) : null;
  }

  #link(id: string): Link {
    let link = this.#links.get(id);
    if (!link) {
      link = new Link({ id, client: this.#client, rate: this.#rate, aside: () => this.#beside(id) });
      link.updated.connect(() => {
        this.updated.emit();
      });
      link.listed.connect(() => {
        this.changed.emit();
      });
      link.silent.connect(() => {
        this.#leaveAlone(id);
      });
      this.#links.set(id, link);
    }
    return link;
  }

  /** A connection of ours to a kernel that has nothing of ours would only keep it from being culled. */
  #leaveAlone(id: string): void {
    if (!this.#own.has(id)) return;
    this.#silences.set(id, { until: Date.now() + AGAIN, activity: undefined });
    this.#drop(id);
  }

  #drop(id: string): void {
    this.#links.get(id)?.dispose();
    this.#links.delete(id);
    this.#own.get(id)?.dispose();
    this.#own.delete(id);
    this.changed.emit();
    this.updated.emit();
  }

  #running(): Map<string, Kernel.IModel> {
    return new Map([...this.#services.kernels.running()].map(model => [model.id, model]));
  }

  /** Kernels of other languages are not asked: they may not bear a message that they do not know. */
  #speaksPython(name: string): boolean {
    const language = this.#services.kernelspecs.specs?.kernelspecs[name]?.language;
    return language === undefined || language.toLowerCase() === 'python';
  }

  readonly #services: Services;
  readonly #client = UUID.uuid4();
  readonly #contexts = new Set<ISessionContext>();
  readonly #links = new Map<string, Link>();
  /** The connections that are ours, and not a notebook's. */
  readonly #own = new Map<string, Kernel.IKernelConnection>();
  readonly #silences = new Map<string, { until: number; activity: string | undefined }>();
  #rate: number;
  #wide = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;
}

function accept(): void {
  // the link reads what the comm brings with the kernel's other messages
}
