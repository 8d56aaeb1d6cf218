// SPDX-License-Identifier: GPL-2.0-or-later
//
// All that a lab test needs (tests/lab/README.md shows how to write one).
#pragma once

#include "tests/lab/support/capture.h"
#include "tests/lab/support/coturn.h"
#include "tests/lab/support/environment.h"
#include "tests/lab/support/host.h"
#include "tests/lab/support/house.h"
#include "tests/lab/support/ice.h"
#include "tests/lab/support/meeting.h"
#include "tests/lab/support/nat.h"
#include "tests/lab/support/network.h"
#include "tests/lab/support/packet.h"
#include "tests/lab/support/program.h"
#include "tests/lab/support/raw_sockets.h"
#include "tests/lab/support/router.h"
#include "tests/lab/support/sockets.h"
#include "tests/lab/support/street.h"
#include "tests/lab/support/wait.h"
