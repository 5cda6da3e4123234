/** The page's own short notes (something was copied). Notices of Rust come with the view. */
let nextId = -1;

export interface OwnToast {
  id: number;
  text: string;
}

class OwnToasts {
  list = $state.raw<OwnToast[]>([]);

  add(text: string): void {
    this.list = [...this.list, { id: nextId--, text }].slice(-2);
  }

  remove(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const ownToasts = new OwnToasts();
