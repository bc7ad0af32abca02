/**
 * Says of GraphiQL's tabs what they are. It calls them tabs, but each has two buttons inside, to
 * open and to close it, and what is inside a tab does not exist for a screen reader. So they
 * become a list of buttons, of which one is current.
 */
export function repairTabs(root: HTMLElement): void {
  const repair = () => {
    for (const list of root.querySelectorAll('[role="tablist"]')) list.setAttribute('role', 'list')
    for (const panel of root.querySelectorAll('[role="tabpanel"]')) panel.setAttribute('role', 'region')
    for (const item of root.querySelectorAll('li[role="tab"]')) item.setAttribute('role', 'listitem')
    for (const item of root.querySelectorAll('li[aria-selected]')) {
      const current = item.getAttribute('aria-selected') ?? 'false'
      item.removeAttribute('aria-selected')
      item.querySelector('button')?.setAttribute('aria-current', current)
    }
  }
  new MutationObserver(repair).observe(root, { subtree: true, childList: true, attributeFilter: ['role', 'aria-selected'] })
  repair()
}
