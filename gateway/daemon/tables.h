// SPDX-License-Identifier: GPL-2.0-or-later
//
// All that strangers and devices can make the router remember, how much of it there is and how much
// there may be: for the status, the page and the metrics alike.
#pragma once

#include <vector>

#include "gateway/base/metrics.h"
#include "gateway/control/events.h"
#include "gateway/control/status.h"
#include "gateway/daemon/house.h"

namespace gatehouse::daemon {

std::vector<control::StatusView::Table> tables_of(const House& house,
                                                  const control::EventLog& events);

void update_table_metrics(Metrics& metrics, const std::vector<control::StatusView::Table>& tables);

}  // namespace gatehouse::daemon
