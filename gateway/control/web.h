// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the web listener lets pass. Anybody in the house may look, and every page of the internet
// may try to look through the browser of somebody in the house. Rules it keeps:
//   - nothing is changed by the web: GET and HEAD alone, and nobody may write;
//   - Host is an address or a name that the owner has chosen, so that a stranger's name that leads
//     to us (DNS rebinding) shows nothing;
//   - what another site's page asks for is refused, but for following a link to the status page;
//   - the browser runs and loads only what this server sends, in no frame of others.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/control/http_server.h"

namespace gatehouse::control {

// What a web client may cost; a browser opens up to six connections at once.
HttpLimits web_limits();

// The listening socket; on one interface alone where that is named.
Result<loop::Fd> listen_web(const Endpoint& local, const std::string& interface);

// The answer to a request that must not pass; nothing: it may. names: those of the router.
std::optional<Response> refuse_web(const Request& request, std::span<const std::string> names);

// Puts on the headers with which a browser keeps others out.
void guard(Response& response);

// Gives the answer a tag, and takes the body away from whoever has it already.
void tag(const Request& request, Response& response);

// An answer that only says what is wrong, and what can be done about it.
Response failure(unsigned status, std::string_view what, std::string_view hint = {});

}  // namespace gatehouse::control
