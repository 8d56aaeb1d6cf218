// SPDX-License-Identifier: GPL-2.0-or-later
//
// The control API's view of the SIP gateway:
//   GET /api/v1/calls    the calls of the house, by age: call_id from to state host remote help
//                        reason edited media; media is an array of {inside outside peer}, where
//                        null stands for what is not known
//   GET /api/v1/messages the last SIP messages, the oldest first, for root alone: age proto inside
//                        direction remote what call_id reason before after; without secrets, and
//                        null in after where nothing was changed
#pragma once

#include <string>

#include "alg/alg.h"
#include "gateway/base/metrics.h"

namespace gatehouse::daemon {

std::string write_calls_json(const sip::Alg& alg);
std::string write_messages_json(const sip::Alg& alg, Instant now);

// Brings the metrics of the SIP gateway up to date.
void update_sip_metrics(Metrics& metrics, const sip::Alg& alg);

}  // namespace gatehouse::daemon
