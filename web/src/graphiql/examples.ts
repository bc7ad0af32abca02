/** What the tabs ask at first. Those about one session take its name as a variable. */
export const examples: { query: string; takesName?: true }[] = [
  {
    query: `# How far is the newest session?
query NewestSession {
  sessions(first: 1) {
    edges {
      node {
        name
        operation
        templateName
        status {
          status
          managedComponentsCount
          percentSuccessful
          percentFailed
          phases {
            percentComplete
            percentConfiguring
            percentPoweringOn
            percentPoweringOff
          }
          errorSummary(first: 3) {
            message
            count
            list
          }
          timing {
            startTime
            endTime
            duration
          }
          fromSnapshot
        }
      }
    }
  }
}
`,
  },
  {
    query: `# What is running? Only what is selected is computed: ask for little, and it costs little.
query RunningSessions {
  sessions(first: 50, filter: { status: RUNNING }) {
    edges {
      node {
        name
        tenant
        operation
        templateName
        status {
          counts {
            managed
            successful
            failed
            active
          }
          timing {
            duration
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    query: `# Which components of a session have failed, and why? The ids are what a retry takes as its limit.
query FailedComponents($name: String!) {
  session(name: $name) {
    components(first: 1000, filter: { status: FAILED }) {
      edges {
        node {
          id
          error
          lastAction {
            action
            failed
            lastUpdated
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# What goes wrong in a session? Each error text once, with the components that have it.
query ErrorGroups($name: String!) {
  session(name: $name) {
    status {
      errorGroupCount
      errorSummary(first: 20) {
        message
        count
        list
        components(first: 5) {
          edges {
            node {
              id
              enabled
              status {
                rawStatus
              }
            }
          }
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# One page of a session's components; put endCursor into after for the next.
query SessionComponents($name: String!, $after: String) {
  session(name: $name) {
    components(first: 20, after: $after) {
      edges {
        node {
          id
          enabled
          error
          status {
            phase
            rawStatus
          }
          lastAction {
            action
            lastUpdated
          }
          eventStats {
            powerOnAttempts
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# Which cabinet is behind, and where does the time go? Compare it with the session before.
query Where($name: String!) {
  session(name: $name) {
    status {
      byCabinet {
        cabinet
        counts {
          managed
          complete
          failed
          active
        }
      }
      phaseDurations {
        phase
        count
        medianSeconds
        p95Seconds
        longestSeconds
      }
    }
    previous {
      name
      status {
        phaseDurations {
          phase
          medianSeconds
          p95Seconds
          longestSeconds
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# How did a session end? Its components as they were then.
query End($name: String!) {
  session(name: $name) {
    componentsAsOf(at: END, first: 20, filter: { status: FAILED }) {
      totalCount
      edges {
        node {
          id
          error
          status {
            status
          }
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# Why is a session still running?
query Why($name: String!) {
  session(name: $name) {
    status {
      counts {
        active
      }
      statusCounts {
        status
        count
      }
      waitingFor {
        reason
        text
        count
        since
        components(first: 5) {
          edges {
            node {
              id
              error
            }
          }
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# Which errors are really the same? Texts that differ only by an xname, an address or a number count as one pattern.
query ErrorPatterns($name: String!) {
  session(name: $name) {
    status {
      errorGroupCount
      errorPatterns(first: 10) {
        pattern
        count
        variants
        list
        byCabinet {
          cabinet
          count
        }
        messages(first: 3) {
          message
          count
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# When will a session end? A range, and how many components it still waits for.
query WhenDone($name: String!) {
  session(name: $name) {
    status {
      estimatedEnd {
        earliest
        likely
        latest
        remaining
      }
      waitingFor(first: 3) {
        reason
        count
      }
    }
    stragglers(first: 5) {
      id
      statusSince
      status {
        rawStatus
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# Which sessions had failures since a day? Templates and tenants are what such a list can be narrowed by.
query SessionsWithFailures($since: DateTime) {
  sessions(first: 20, filter: { withFailures: true, startedAfter: $since }) {
    nodes {
      name
      tenant
      templateName
      status {
        status
        counts {
          managed
          failed
        }
        timing {
          startTime
          endTime
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
  templates(first: 50)
  tenants(first: 50)
}
`,
  },
  {
    query: `# What is wrong in one cabinet? Its components that have an error, whatever session they are in.
query CabinetErrors($cabinet: String = "x1000") {
  components(first: 20, filter: { idPrefix: $cabinet, hasError: true }) {
    nodes {
      id
      session
      error
      status {
        rawStatus
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    query: `# How has a session gone, when will it end, and what holds it up? Compare it with the one before.
query Progress($name: String!) {
  session(name: $name) {
    status {
      estimatedEndTime
      progress(maxPoints: 20) {
        time
        counts {
          managed
          successful
          failed
        }
      }
    }
    stragglers(first: 5) {
      id
      statusSince
      status {
        rawStatus
      }
    }
    previous(first: 1) {
      name
      status {
        percentSuccessful
        timing {
          duration
        }
      }
    }
  }
}
`,
    takesName: true,
  },
  {
    query: `# What does a session boot, and on which nodes? Its template as BOS has it now; null where no BOS is followed.
query SessionTemplate($name: String!) {
  session(name: $name) {
    templateName
    template {
      description
      cfs {
        configuration
      }
      bootSets {
        name
        arch
        path
        kernelParameters
        nodeRolesGroups
        nodeGroups
        nodeList
      }
    }
  }
  bosOptions {
    maxBootWaitTime
    maxPowerOnWaitTime
    defaultRetryPolicy
  }
}
`,
    takesName: true,
  },
  {
    query: `# Follow a session: its state now, then every newer one, until it is complete.
subscription WatchSession($name: String!) {
  sessionStatusUpdated(name: $name) {
    revision
    status
    percentSuccessful
    percentFailed
    phases {
      percentComplete
      percentConfiguring
      percentPoweringOn
      percentPoweringOff
    }
    errorSummary(first: 3) {
      message
      count
    }
    timing {
      duration
    }
    estimatedEndTime
    stale
  }
}
`,
    takesName: true,
  },
  {
    query: `# Follow all sessions: one message for each that appears, changes or goes.
# Nothing comes until something happens.
subscription WatchSessions {
  sessionsUpdated {
    session {
      name
      operation
      status {
        status
        percentSuccessful
        percentFailed
      }
    }
    deletedId
  }
}
`,
  },
]

/** The examples as tabs, with a session to try them on. */
export function tabs(name: string): { query: string; variables: string | null }[] {
  return examples.map(({ query, takesName }) => ({
    query,
    variables: takesName ? JSON.stringify({ name }, null, 2) : null,
  }))
}
