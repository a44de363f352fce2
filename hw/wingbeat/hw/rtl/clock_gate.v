// A clock that runs while it is enabled. `enable` is looked at before the clock rises.
//
// For a simulator this is a clock gate, and what hangs on a resting clock costs it nothing. For
// synthesis it is a wire: what is to rest must work as well with a clock that never stops.
module wingbeat_clock_gate (
    input clk,
    input enable,
    output gated
);
`ifdef VERILATOR
    reg open;
    always_latch if (!clk) open = enable;
    assign gated = clk & open;
`else
    assign gated = clk;
`endif
endmodule
