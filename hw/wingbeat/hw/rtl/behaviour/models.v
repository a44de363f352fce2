// Arithmetic of the lanes for simulation, see platform.py. Results are kept in a ring of registers
// until LATENCY cycles have passed, because a shift register would move all of them every cycle.

module wingbeat_wait #(
    parameter WIDTH = 32,
    parameter LATENCY = 3
) (
    input clk,
    input [WIDTH-1:0] value,
    output [WIDTH-1:0] result
);
    localparam BITS = $clog2(LATENCY);  // as many places as a counter has values: none is outside

    reg [WIDTH-1:0] ring [0:(1<<BITS)-1];
    reg [BITS-1:0] place = 0;

    always @(posedge clk) begin
        ring[place] <= value;
        place <= place + 1'b1;
    end
    assign result = ring[place - LATENCY[BITS-1:0]];
endmodule

module wingbeat_add #(
    parameter WIDTH = 32,
    parameter LATENCY = 5
) (
    input clk,
    input [31:0] a,
    input [31:0] b,
    input subtract,
    output [31:0] result
);
    import "DPI-C" pure function int unsigned wingbeat_fp32_add(
        input int unsigned a, input int unsigned b
    );

    wingbeat_wait #(.WIDTH(WIDTH), .LATENCY(LATENCY)) waiting (
        .clk(clk), .value(wingbeat_fp32_add(a, b ^ {subtract, 31'b0})), .result(result)
    );
endmodule

module wingbeat_multiply #(
    parameter WIDTH = 32,
    parameter LATENCY = 3
) (
    input clk,
    input [31:0] a,
    input [31:0] b,
    output [31:0] result
);
    import "DPI-C" pure function int unsigned wingbeat_fp32_multiply(
        input int unsigned a, input int unsigned b
    );

    wingbeat_wait #(.WIDTH(WIDTH), .LATENCY(LATENCY)) waiting (
        .clk(clk), .value(wingbeat_fp32_multiply(a, b)), .result(result)
    );
endmodule

module wingbeat_integer_scale #(
    parameter WIDTH = 32,
    parameter LATENCY = 3
) (
    input clk,
    input [31:0] integer_,
    input [15:0] scale,
    output [31:0] result
);
    import "DPI-C" pure function int unsigned wingbeat_integer_scale(
        input int integer_, input int unsigned scale
    );

    wingbeat_wait #(.WIDTH(WIDTH), .LATENCY(LATENCY)) waiting (
        .clk(clk), .value(wingbeat_integer_scale(integer_, {16'b0, scale})), .result(result)
    );
endmodule

module wingbeat_scale #(
    parameter WIDTH = 32,
    parameter LATENCY = 11
) (
    input clk,
    input [31:0] integer_,
    input [15:0] scale,
    input [31:0] sum,
    input [15:0] minimum,
    input [31:0] factor,
    output [31:0] result
);
    import "DPI-C" pure function int unsigned wingbeat_scaled(
        input int integer_, input int unsigned scale, input int sum, input int unsigned minimum,
        input int unsigned factor
    );

    wingbeat_wait #(.WIDTH(WIDTH), .LATENCY(LATENCY)) waiting (
        .clk(clk), .result(result),
        .value(wingbeat_scaled(integer_, {16'b0, scale}, sum, {16'b0, minimum}, factor))
    );
endmodule

module wingbeat_chain #(
    parameter WIDTH = 64,
    parameter LATENCY = 20
) (
    input clk,
    input [127:0] low,
    input [127:0] high,
    input [127:0] factor,
    output [63:0] result
);
    import "DPI-C" pure function longint unsigned wingbeat_chain_sums(
        input bit [127:0] low, input bit [127:0] high, input bit [127:0] factor
    );

    wingbeat_wait #(.WIDTH(WIDTH), .LATENCY(LATENCY)) waiting (
        .clk(clk), .value(wingbeat_chain_sums(low, high, factor)), .result(result)
    );
endmodule
