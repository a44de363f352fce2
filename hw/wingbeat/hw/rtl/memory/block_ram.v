// One write and one read port, the read registered. A read that meets a write of the same row
// returns what was there before. WIDTH is cut into PARTS with an enable each.
module wingbeat_block_ram #(
    parameter WIDTH = 32,
    parameter DEPTH = 16,
    parameter PARTS = 1,
    parameter ADDRESS = 4
) (
    input clk,
    input [ADDRESS-1:0] write_address,
    input [WIDTH-1:0] write_data,
    input [PARTS-1:0] write_enable,
    input [ADDRESS-1:0] read_address,
    output reg [WIDTH-1:0] read_data
);
    localparam PART = WIDTH / PARTS;
    reg [WIDTH-1:0] rows [0:DEPTH-1];
    integer i;

    always @(posedge clk) begin
        for (i = 0; i < PARTS; i = i + 1)
            if (write_enable[i])
                rows[write_address][i*PART +: PART] <= write_data[i*PART +: PART];
        read_data <= rows[read_address];
    end
endmodule
