// A multiplier of an ECP5, as its data sheet describes it: signed or unsigned operands of 18 bits, a
// register at each operand, one within the multiplier, one at the product. Shift chains, operand C
// and other clocks than CLK0 are not modelled; whoever uses them is stopped.
`define BITS18(P) {P``17, P``16, P``15, P``14, P``13, P``12, P``11, P``10, P``9, P``8, P``7, \
                   P``6, P``5, P``4, P``3, P``2, P``1, P``0}
module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_PIPELINE_CLK = "NONE",
    parameter REG_OUTPUT_CLK = "NONE"
) (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
    output P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    // a sign bit more, so that one product serves signed and unsigned operands
    wire signed [18:0] a = {SIGNEDA & A17, `BITS18(A)};
    wire signed [18:0] b = {SIGNEDB & B17, `BITS18(B)};
    wire signed [18:0] a_taken, b_taken;
    wire signed [37:0] product = a_taken * b_taken;
    wire signed [37:0] middle;
    wire [35:0] p;

    optional_register #(19, REG_INPUTA_CLK) input_a (CLK0, CE0, RST0, a, a_taken);
    optional_register #(19, REG_INPUTB_CLK) input_b (CLK0, CE0, RST0, b, b_taken);
    optional_register #(38, REG_PIPELINE_CLK) pipeline (CLK0, CE0, RST0, product, middle);
    optional_register #(36, REG_OUTPUT_CLK) result (CLK0, CE0, RST0, middle[35:0], p);
    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            `BITS18(P)} = p;

    always @(posedge CLK0)
        if (SOURCEA || SOURCEB || `BITS18(C) != 0) $fatal(1, "MULT18X18D: not modelled");
endmodule

module optional_register #(
    parameter WIDTH = 1,
    parameter CLOCK = "NONE"
) (
    input clk, enable, reset,
    input [WIDTH-1:0] d,
    output [WIDTH-1:0] q
);
    generate
        if (CLOCK == "CLK0") begin : registered
            reg [WIDTH-1:0] value = 0;
            always @(posedge clk)
                if (reset) value <= 0;
                else if (enable) value <= d;
            assign q = value;
        end else if (CLOCK == "NONE") begin : transparent
            assign q = d;
        end else begin : unknown
            initial $fatal(1, "MULT18X18D: only CLK0 is modelled");
        end
    endgenerate
endmodule
