// SPDX-License-Identifier: GPL-2.0-or-later
//
// The control API's view of the NAT, without sockets or clocks:
//   GET    /api/v1/mappings, sessions, forwards,          arrays of rows (control/resources.h)
//                  pinholes, hosts
//   GET    /api/v1/forwards/ID                            one row
//   POST   /api/v1/forwards                               a flat object: proto outside inside
//                                                         [remote lifetime name]; 201 and the rows
//                                                         that were made, 200 for those renewed
//   DELETE /api/v1/forwards/ID                            200 and the row as it was
// A refusal is an object with `error`, a sentence, and `reason`, a word of nat::Refusal; what is
// wrong with one field of a request has its name in `field`.
#pragma once

#include <functional>
#include <optional>

#include "gateway/base/metrics.h"
#include "gateway/control/http_server.h"
#include "gateway/control/status.h"
#include "gateway/control/web.h"
#include "gateway/daemon/forward_body.h"
#include "gateway/daemon/nat_rows.h"

namespace gatehouse::daemon {

using control::failure;

struct NatApi {
    nat::Engine& engine;
    const nat::Hosts& hosts;
    SessionsProvider sessions;
    // Carries out what a call of the engine left to be done; the kernel has it then, or has
    // refused it.
    std::function<void()> flush;
};

// The answer, or nothing where the path belongs to somebody else.
std::optional<control::Response> serve_nat(const NatApi& api, const control::Request& request,
                                           Instant now);

// How much there is and what was refused, for `gatehouse status`.
void add_nat_counts(control::StatusView& status, const nat::Engine& engine, const nat::Hosts& hosts,
                    Instant now);

// Brings the metrics of the NAT up to date.
void update_nat_metrics(Metrics& metrics, const nat::Engine& engine, Instant now);

// In words; and the answer to a request of which one field is wrong.
std::string_view meaning_of(nat::Refusal reason);
control::Response bad_request(const FieldError& error);

// Writing is for whoever may write on the control socket.
control::Response only_root();

}  // namespace gatehouse::daemon
