// SPDX-License-Identifier: GPL-2.0-or-later
//
// GET /api/v1/why?proto=udp&inside=192.168.1.20:5060&remote=198.51.100.9:5060: what happens to the
// packets of a flow, and why (nat/explain.h; control/API.md has the fields).
#pragma once

#include <optional>
#include <string>

#include "gateway/control/http_server.h"
#include "gateway/daemon/forward_body.h"
#include "gateway/kernel/ct_codec.h"
#include "gateway/nat/explain.h"

namespace gatehouse::daemon {

// The flow that a request is about. Of a ping the ports are not needed.
Result<nat::Flow, FieldError> parse_flow(const control::Request& request);

// What the kernel calls it.
kernel::Tuple tuple_of(const nat::Flow& flow);

// The answer; session: the kernel's, where it has one. What it means for the facts is settled here.
std::string write_why(const nat::Flow& flow, nat::FlowFacts facts,
                      const std::optional<kernel::Session>& session, const nat::Engine& engine,
                      const nat::Hosts& hosts, const config::Config& config);

}  // namespace gatehouse::daemon
