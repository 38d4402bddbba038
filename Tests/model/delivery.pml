/*
 * The delivery of one execution: from the publisher to the event, with workers that are killed at every step.
 *
 * Each `atomic` that is named after a statement in Sources/repository is that statement, committed or not; what is
 * between two of them can be interrupted. The broker delivers again whatever was not acknowledged. Held to:
 *
 *   I1  what was confirmed to its publisher ends                    ltl ends
 *   I2  it has one outcome                                          assertions, and the runs of the properties
 *   I3  its end is told, and every copy of the event has one id     ltl told, and an assertion
 *
 * What is left out: lanes, groups and limits, which choose among executions and never whether one ends; time,
 * instead of which a lease may run out whenever it likes. `ops/model` runs it, and three mutations that must fail:
 * ACKNOWLEDGE_FIRST, NO_FENCE and EVENT_APART.
 */

#define WORKERS 2
#define NOBODY  WORKERS

/* What may go wrong in one run: a process is killed, at any step; a connection to the broker is lost while a delivery is
   unacknowledged; the lease of a worker that lives runs out; an attempt ends by a fault of ours. */
#ifndef MISHAPS
#define MISHAPS 3
#endif
#define MAXIMUM_LOST_WORKERS 3

mtype = { absent, queued, running, ended };                 /* executions.state */
mtype = { succeeded, cancelled, errored, fault };           /* how an attempt ended */

/* The broker. */
byte ready;                     /* copies of the request in the work queue */
byte unacknowledged[WORKERS];   /* deliveries */
bool told;                      /* whether a subscriber has the event */
byte told_id;                   /* its id */

/* The record store: what is committed. */
mtype state = absent;
byte attempt;
byte owner = NOBODY;            /* executions.worker */
byte lost_workers;
bool parked;                    /* executions.waits = 'store' */
bool cancellation;              /* a row of cancellations */
byte requests;                  /* rows of the outbox with the request, that nobody has leased */
byte events;                    /* rows of the outbox with the event, that nobody has leased */
byte event_id;

/* The processes. */
bool alive[WORKERS] = true;
byte leased_requests[WORKERS];  /* rows of the outbox */
byte leased_events[WORKERS];

/* What only the properties look at. */
bool confirmed;
byte outcomes;
byte mishaps;

/* Before a step, the process may be killed: what it had begun stays as it is. */
#define MAY_DIE   if :: mishaps < MISHAPS -> mishaps++; goto dead :: true fi

/* `where id = … and attempt = … and worker = … and state = 'running'` */
#ifdef NO_FENCE
#define FENCE     true
#else
#define FENCE     (state == running && attempt == mine && owner == me)
#endif

/* A step of a transaction. */
#define REQUEUE   state = queued; owner = NOBODY; parked = false; requests++
#define START     state = running; attempt++; owner = me; parked = false; mine = attempt; doomed = cancellation
#define FORGET    mine = 0; result = 0; doomed = false
#define RECLAIM   lost_workers++; \
    if \
    :: lost_workers >= MAXIMUM_LOST_WORKERS -> START; doomed = false; result = errored; goto finish \
    :: else -> REQUEUE; goto end \
    fi

proctype worker(byte me) {
    byte mine;          /* the attempt that this process makes; 0 for none */
    bool doomed;        /* the claim said that somebody wants the end */
    mtype result;

end:
    if
    :: atomic { ready > 0 -> ready--; unacknowledged[me]++ }
        goto claim
    :: atomic { /* TakeStatement */ state == queued && parked -> START }
        goto execute
    :: atomic { requests > 0 -> requests--; leased_requests[me]++ }
        goto relay_request
    :: atomic { events > 0 -> events--; leased_events[me]++ }
        goto relay_event
    :: atomic { /* ReclaimStatement.ofDead */
            state == running && owner != me && owner != NOBODY && (!alive[owner] || mishaps < MISHAPS) ->
            if :: alive[owner] -> mishaps++ :: else fi
            RECLAIM
        }
    fi;

claim:
#ifdef ACKNOWLEDGE_FIRST
    atomic { MAY_DIE; unacknowledged[me] = 0 }
#endif
    atomic { /* ClaimStatement */
        MAY_DIE;
        if
        :: state == absent || state == queued -> START
        :: state == absent || state == queued -> state = queued; parked = true  /* its tenant has enough */
        :: state == running || state == ended   /* a duplicate */
        fi
    }
    atomic { /* acknowledged; after a cut that means nothing */
        MAY_DIE;
        unacknowledged[me] = 0;
        if :: mine == 0 -> goto end :: else fi
    }

execute:
    atomic {
        MAY_DIE;
        if
        :: doomed -> result = cancelled
        :: !doomed -> result = succeeded
        :: !doomed && cancellation -> result = cancelled
        :: !doomed && mishaps < MISHAPS -> mishaps++; result = fault
        fi;
        doomed = false;
        if :: result != fault -> goto finish :: else fi
    }
    atomic { /* RetryStatement */
        MAY_DIE;
        if :: FENCE -> REQUEUE :: else fi;
        FORGET;
        goto end
    }

finish:
    atomic { /* FinishStatement */
        MAY_DIE;
        if
        :: FENCE ->
            state = ended;
            owner = NOBODY;
            outcomes++;
            assert(outcomes == 1);
#ifdef EVENT_APART
            goto tell
#else
            event_id = attempt;
            events++
#endif
        :: else     /* stale: it discards its result */
        fi;
        FORGET;
        goto end
    }
#ifdef EVENT_APART
tell:
    atomic { MAY_DIE; event_id = attempt; events++; FORGET; goto end }
#endif

relay_request:
    atomic { MAY_DIE; ready++ }                             /* published and confirmed */
    atomic { MAY_DIE; leased_requests[me] = 0; goto end }   /* deleted */

relay_event:
    atomic {
        MAY_DIE;
        assert(state == ended);
        assert(!told || told_id == event_id);
        told_id = event_id;
        told = true
    }
    atomic { MAY_DIE; leased_events[me] = 0; goto end }

dead:
    atomic {
        alive[me] = false;
        ready = ready + unacknowledged[me]; unacknowledged[me] = 0;
        requests = requests + leased_requests[me]; leased_requests[me] = 0;     /* the leases run out */
        events = events + leased_events[me]; leased_events[me] = 0;
        FORGET
    }
    atomic { /* it is started again: ReclaimStatement.ofDead, of its earlier process */
        alive[me] = true;
        if
        :: state == running && owner == me -> RECLAIM
        :: else -> goto end
        fi
    }
}

/* By AMQP: what is not confirmed is sent again. By HTTP: accepted means that record and outbox row are committed. */
proctype publisher() {
    if
    :: atomic { /* ClaimStatement, with the intent 'queue' */ state = queued; requests++; confirmed = true }
    :: ready++;
        if
        :: true
        :: ready++
        fi;
        confirmed = true
    fi
}

proctype canceller() {
    if :: cancellation = true :: true fi
}

proctype network() {
end:
    do
    :: atomic { mishaps < MISHAPS && unacknowledged[0] > 0 ->
            mishaps++; ready = ready + unacknowledged[0]; unacknowledged[0] = 0 }
    :: atomic { mishaps < MISHAPS && unacknowledged[1] > 0 ->
            mishaps++; ready = ready + unacknowledged[1]; unacknowledged[1] = 0 }
    od
}

init {
    atomic { run worker(0); run worker(1); run publisher(); run canceller(); run network() }
}

ltl ends { [] (confirmed -> <> (state == ended)) }
ltl told { [] (state == ended -> <> told) }
