// The part of a DSP48E2 that a packed cascade uses, after UG579: pre-adder, 27 x 18 multiplier and
// adder with one register each (two at B), X and Y the product, Z nothing or PCIN. Whatever else the
// slice can be set to stops the simulation.
module DSP48E2 #(
    parameter AMULTSEL = "A",
    parameter AREG = 1, ACASCREG = 1, DREG = 1, ADREG = 1, BREG = 1, BCASCREG = 1,
    parameter MREG = 1, PREG = 1, CREG = 1, OPMODEREG = 1, ALUMODEREG = 1, CARRYINREG = 1,
    parameter CARRYINSELREG = 1, INMODEREG = 1
) (
    input CLK,
    input signed [29:0] A,
    input signed [17:0] B,
    input signed [26:0] D,
    input [47:0] C,
    input signed [47:0] PCIN,
    input [8:0] OPMODE,
    input [4:0] INMODE,
    input [3:0] ALUMODE,
    input [2:0] CARRYINSEL,
    input CARRYIN,
    input CEA1, CEA2, CEB1, CEB2, CED, CEAD, CEM, CEP, CECTRL, CEALUMODE, CECARRYIN, CEINMODE, CEC,
    input RSTA, RSTB, RSTC, RSTD, RSTM, RSTP, RSTCTRL, RSTALUMODE, RSTINMODE, RSTALLCARRYIN,
    output signed [47:0] P,
    output signed [47:0] PCOUT
);
    reg signed [29:0] a2 = 0;
    reg signed [17:0] b1 = 0, b2 = 0;
    reg signed [26:0] d = 0, ad = 0;
    reg signed [44:0] m = 0;
    reg signed [47:0] p = 0;

    // INMODE: bit 1 takes A away, bit 2 lets D in, bit 3 subtracts
    wire signed [26:0] a_gated = INMODE[1] ? 27'sd0 : a2[26:0];
    wire signed [26:0] d_gated = INMODE[2] ? d : 27'sd0;
    wire signed [47:0] z = OPMODE[6:4] == 3'b001 ? PCIN : 48'sd0;

    always @(posedge CLK) begin
        if (CEA2) a2 <= A;
        if (CEB1) b1 <= B;
        if (CEB2) b2 <= b1;
        if (CED) d <= D;
        if (CEAD) ad <= INMODE[3] ? d_gated - a_gated : d_gated + a_gated;
        if (CEM) m <= ad * b2;
        if (CEP) p <= m + z;
    end
    assign P = p;
    assign PCOUT = p;

    wire registers = AREG == 1 && DREG == 1 && ADREG == 1 && BREG == 2 && MREG == 1 && PREG == 1
                     && OPMODEREG == 0 && ALUMODEREG == 0 && INMODEREG == 0 && AMULTSEL == "AD";
    wire operation = OPMODE[3:0] == 4'b0101 && OPMODE[8:7] == 0 && ALUMODE == 0 && !INMODE[0]
                     && !INMODE[4] && CARRYINSEL == 0 && !CARRYIN
                     && (OPMODE[6:4] == 3'b001 || OPMODE[6:4] == 3'b000);
    wire reset = RSTA || RSTB || RSTC || RSTD || RSTM || RSTP || RSTCTRL || RSTALUMODE || RSTINMODE
                 || RSTALLCARRYIN;
    always @(posedge CLK)
        if (!registers || !operation || reset) $fatal(1, "DSP48E2: not modelled");
endmodule
